use std::collections::BTreeMap;

/// What operators say about hosts, pools and apps, by key: `{"role": "build"}`.
///
/// Two keys mean something to placement: an app and a host with the same value of [`DEDICATED`] are for each other and
/// for nobody else; hosts whose [`ROLE`] is [`ROLE_BUILD`] run builds and no dynos.
pub type Labels = BTreeMap<String, String>;

pub const DEDICATED: &str = "dedicated";
pub const ROLE: &str = "role";
pub const ROLE_BUILD: &str = "build";

const MAX_LENGTH: usize = 63;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a label: write key=value, each of 1 to {MAX_LENGTH} letters, digits, dots, dashes and underscores"
)]
pub struct LabelError(pub String);

/// Reads `key=value`.
///
/// # Errors
/// [`LabelError`], whose text can be shown as it is.
pub fn parse_label(text: &str) -> Result<(String, String), LabelError> {
    let allowed = |part: &str| {
        (1..=MAX_LENGTH).contains(&part.len())
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'))
    };
    text.split_once('=')
        .filter(|(key, value)| allowed(key) && allowed(value))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| LabelError(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_key_and_a_value() {
        assert_eq!(parse_label("role=build"), Ok(("role".to_owned(), "build".to_owned())));
        for wrong in ["", "role", "role=", "=build", "a b=c", "a=b=c", &format!("a={}", "b".repeat(64))] {
            assert_eq!(parse_label(wrong), Err(LabelError(wrong.to_owned())));
        }
    }
}
