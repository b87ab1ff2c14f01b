<?php

require dirname(__DIR__).'/vendor/autoload.php';

if (isset($_GET['slow'])) {
    sleep(3);
}
if (isset($_GET['log'])) {
    error_log('a line for the log');
}
echo Example\Greeting\Greeting::to('zürich'), ' at ', $_SERVER['REQUEST_URI'], ' by ', $_SERVER['SERVER_SOFTWARE'],
    ' https=', $_SERVER['HTTPS'] ?? 'off';
