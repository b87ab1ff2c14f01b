// +heroku goVersion go1.26
// +heroku install ./cmd/web ./cmd/worker
module example.com/app

go 1.21
