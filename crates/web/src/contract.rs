//! What an endpoint takes and returns: the part of it that `openapi.rs` writes down.

use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// A type's schema, by whichever generator collects the definitions.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// `None`: nobody has said, which a test does not let pass.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Contract {
    pub body: Option<Taken>,
    pub query: Option<SchemaOf>,
    pub answer: Option<Answer>,
}

/// A request's body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Taken {
    Nothing,
    Json(SchemaOf),
    /// Of this media type.
    Bytes(&'static str),
}

/// What an endpoint returns when all goes well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// 202 and `{}`: it is under way, and there is nothing to say about it yet.
    Accepted,
    /// A body of one of these media types.
    Bytes(&'static [&'static str]),
    Json(StatusCode, SchemaOf),
    /// All of these, or a page of them.
    List(SchemaOf),
    Nothing(StatusCode),
    /// There is no such thing here: always an error.
    Refusal,
}

pub(crate) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Answer {
    pub(crate) fn status(self) -> Option<StatusCode> {
        match self {
            Self::Accepted => Some(StatusCode::ACCEPTED),
            Self::Bytes(_) | Self::List(_) => Some(StatusCode::OK),
            Self::Json(status, _) | Self::Nothing(status) => Some(status),
            Self::Refusal => None,
        }
    }
}
