use axum::{extract::Path, routing::get, Router};

fn main() {
    let port = std::env::var("PORT").expect("PORT is set");
    let hello = |Path(name): Path<String>| async move { format!("Hello, {name}") };
    let serve = async {
        let listener = tokio::net::TcpListener::bind(format!("0.0.0.0:{port}")).await?;
        axum::serve(listener, Router::new().route("/{name}", get(hello))).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(serve).expect("the server runs");
}
