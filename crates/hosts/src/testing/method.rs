//! The engine's methods as values, to script failures of and to look calls up by.

/// One per method of [`crate::Engine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Info,
    Ping,
    Pull,
    BuildImage,
    BuildAppImage,
    BaseImage,
    PruneAppImages,
    Push,
    HasImage,
    PruneImages,
    CreateRootShell,
    Create,
    Start,
    Inspect,
    List,
    Signal,
    Freeze,
    Thaw,
    Rename,
    Remove,
    Wait,
    Logs,
    Attach,
    Resize,
    Upload,
    Download,
    Stats,
    DiskUsed,
    Disk,
    DiskUsage,
    Events,
}

/// A call that was made, whatever came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: Method,
    /// The container's name, the image, or `label=value`; empty for `info`.
    pub subject: String,
}

/// When a scripted failure strikes. In both cases the caller sees `Unavailable`, and cannot tell which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    BeforeEffect,
    AfterEffect,
}
