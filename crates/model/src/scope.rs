use std::fmt;

/// What a token may be used for (Heroku: "OAuth", Scopes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything that its account may do.
    Global,
    /// To read who the account is, and nothing else.
    Identity,
    /// To read everything but config vars.
    Read,
    /// To read and change everything but config vars.
    Write,
    /// To read everything.
    ReadProtected,
    /// To read and change everything, but the account itself.
    WriteProtected,
}

impl Scope {
    pub const ALL: [Self; 6] =
        [Self::Global, Self::Identity, Self::Read, Self::Write, Self::ReadProtected, Self::WriteProtected];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Identity => "identity",
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadProtected => "read-protected",
            Self::WriteProtected => "write-protected",
        }
    }

    /// `None`: there is no such scope.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
