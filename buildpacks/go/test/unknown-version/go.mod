module example.com/app

// +heroku goVersion go1.12.3
go 1.12
