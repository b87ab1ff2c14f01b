/// A command of git's smart protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// `git clone`, `git fetch`.
    UploadPack,
    /// `git push`.
    ReceivePack,
}

impl Service {
    /// From `?service=`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::UploadPack, Self::ReceivePack].into_iter().find(|service| service.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    /// Of `git`.
    pub(crate) const fn subcommand(self) -> &'static str {
        match self {
            Self::UploadPack => "upload-pack",
            Self::ReceivePack => "receive-pack",
        }
    }

    pub(crate) const fn request_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-request",
            Self::ReceivePack => "application/x-git-receive-pack-request",
        }
    }

    pub(crate) const fn result_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-result",
            Self::ReceivePack => "application/x-git-receive-pack-result",
        }
    }

    pub(crate) const fn advertisement_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-advertisement",
            Self::ReceivePack => "application/x-git-receive-pack-advertisement",
        }
    }

    /// What comes before the list of refs: `# service=NAME` as a pkt-line, then a flush. Protocol v2 has neither
    /// (gitprotocol-v2, "HTTP transport"); pushes know no v2.
    pub(crate) fn preamble(self, protocol: Option<&str>) -> String {
        let is_v2 = protocol.is_some_and(|protocol| protocol.split(':').any(|part| part == "version=2"));
        if self == Self::UploadPack && is_v2 {
            return String::new();
        }
        let line = format!("# service={}\n", self.name());
        format!("{:04x}{line}0000", line.len() + 4)
    }
}

/// The client's `Git-Protocol` header, if it is one that git could have sent. It becomes an environment variable.
pub(crate) fn protocol(header: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=:.-_".contains(c);
    (!header.is_empty() && header.len() <= 200 && header.chars().all(plain)).then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_begin_as_git_expects() {
        let pushing = "001f# service=git-receive-pack\n0000";
        assert_eq!(Service::ReceivePack.preamble(None), pushing);
        assert_eq!(Service::ReceivePack.preamble(Some("version=2")), pushing);
        assert_eq!(Service::UploadPack.preamble(Some("version=1")), "001e# service=git-upload-pack\n0000");
        assert_eq!(Service::UploadPack.preamble(Some("x:version=2")), "");
    }

    #[test]
    fn only_plain_protocol_headers_pass() {
        assert_eq!(protocol("version=2"), Some("version=2"));
        for header in ["", "version=2\n", "a b", "$(id)", &"x".repeat(201)] {
            assert_eq!(protocol(header), None, "{header:?}");
        }
    }
}
