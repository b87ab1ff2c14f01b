require "bundler"
Bundler.require

run lambda { |env|
  assets = File.exist?("public/assets/app.css") ? File.read("public/assets/app.css") : "none"
  body = "Three times fourteen is #{Triple.of(14)}; #{ENV["RACK_ENV"]}; assets: #{assets}"
  [200, { "content-type" => "text/plain" }, [body]]
}
