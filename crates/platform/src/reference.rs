use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `{"id", "name"}`: a stack, region or team inside another object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamedReference {
    pub id: Uuid,
    pub name: String,
}

/// `{"id", "name"}` of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppReference {
    pub id: Uuid,
    pub name: String,
}

/// `{"id", "email"}` of the account that owns or did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserReference {
    pub id: Uuid,
    pub email: String,
}

/// `{"id"}` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdReference {
    pub id: Uuid,
}
