module example.com/app

go 1.24

require example.com/greeting v1.0.0
