use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;

/// The API token of a request: the password of its Basic credentials. The user's name means nothing (Heroku: git
/// endpoint).
pub(crate) fn token(headers: &HeaderMap) -> Option<SecretString> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (_user, password) = decoded.split_once(':')?;
    (!password.is_empty()).then(|| SecretString::from(password))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn of(header: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, header.parse().unwrap())]);
        token(&headers).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn the_password_is_the_token_whoever_the_user() {
        for user in ["", "heroku", "me@example.com"] {
            let header = format!("Basic {}", STANDARD.encode(format!("{user}:HRKU-a:b")));
            assert_eq!(of(&header).as_deref(), Some("HRKU-a:b"));
        }
        assert_eq!(of(&format!("basic {}", STANDARD.encode("u:t"))).as_deref(), Some("t"));
    }

    #[test]
    fn everything_else_is_no_token() {
        let empty = format!("Basic {}", STANDARD.encode("user:"));
        let no_colon = format!("Basic {}", STANDARD.encode("user"));
        let no_text = format!("Basic {}", STANDARD.encode([b':', 0xff]));
        for header in ["Basic", "Basic ?", "Bearer abc", "", &empty, &no_colon, &no_text] {
            assert_eq!(of(header), None, "{header:?}");
        }
        assert!(token(&HeaderMap::new()).is_none());
    }
}
