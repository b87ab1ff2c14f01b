use axum::{
    extract::Request,
    http::{HeaderName, Method},
};

static OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// A `POST` that says that it is another verb is that verb, for clients that can send nothing but `GET` and `POST`
/// (Heroku: "Platform API reference", Methods). To be done before the request is routed.
pub(crate) fn method_override(mut request: Request) -> Request {
    if request.method() == Method::POST
        && let Some(verb) = request.headers_mut().remove(&OVERRIDE)
        && let Ok(verb) = Method::from_bytes(verb.as_bytes().to_ascii_uppercase().as_slice())
    {
        *request.method_mut() = verb;
    }
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn verb(method: Method, says: &str) -> Method {
        let request = Request::builder().method(method).header(&OVERRIDE, says).body(Body::empty()).unwrap();
        method_override(request).method().clone()
    }

    #[test]
    fn only_a_post_is_another_verb() {
        assert_eq!(verb(Method::POST, "patch"), Method::PATCH);
        assert_eq!(verb(Method::POST, "DELETE"), Method::DELETE);
        assert_eq!(verb(Method::POST, "no verb"), Method::POST);
        assert_eq!(verb(Method::GET, "DELETE"), Method::GET);
    }
}
