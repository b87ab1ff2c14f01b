//! What clients send where the API description says something tidier.

use serde::{Deserialize, Deserializer, de};

/// A string, number or boolean; as text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Text(String),
    Whole(i64),
    Real(f64),
    Flag(bool),
}

impl Scalar {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// `true`, `false`, `1`, `0` (heroku3 sends numbers), or `null`.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Scalar>::deserialize(deserializer)?.map(Scalar::into_text).as_deref() {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(other) => Err(de::Error::invalid_value(de::Unexpected::Str(other), &"true or false")),
    }
}

/// A whole number, also in a string (Heroku's CLI sends `"expires_in": "60"`), or `null`.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(text) = Option::<Scalar>::deserialize(deserializer)?.map(Scalar::into_text) else { return Ok(None) };
    let number = text.parse().map_err(|_| de::Error::invalid_value(de::Unexpected::Str(&text), &"a whole number"))?;
    Ok(Some(number))
}

/// A name or id as it is, or inside `{"id"}` / `{"name"}`, or `null`.
pub(crate) fn identity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Identity {
        Bare(String),
        Object { name: Option<String>, id: Option<String> },
    }
    Ok(match Option::<Identity>::deserialize(deserializer)? {
        None => None,
        Some(Identity::Bare(text)) => Some(text),
        Some(Identity::Object { name, id }) => name.or(id),
    })
}

/// Tells `null`, which is `Some(None)`, from a field that is not there.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}
