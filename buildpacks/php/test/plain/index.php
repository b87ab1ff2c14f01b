<?php
echo "hello from ", PHP_SAPI, " ", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;
