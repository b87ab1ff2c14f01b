pub(super) mod add;
pub(super) mod drain;
pub(super) mod explain;
pub(super) mod info;
pub(super) mod labels;
pub(super) mod list;
pub(super) mod remove;
mod shell;
pub(super) mod ssh;
pub(super) mod undrain;

use std::collections::BTreeMap;

use paas_platform::Host;

use crate::error::Error;

/// `key=value`, as `--label` takes it.
pub(super) fn label(text: &str) -> Result<(String, String), Error> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Error::mistake(format!("{text} is not a label."), "write it as key=value, such as role=build")),
    }
}

/// What is to become of labels: `key=value` sets one, `key-` takes one away.
///
/// # Errors
/// A text that is neither.
pub(super) fn change_labels(
    mut labels: BTreeMap<String, String>,
    changes: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    for text in changes {
        match text.strip_suffix('-').filter(|_| !text.contains('=')) {
            Some(key) => drop(labels.remove(key)),
            None => {
                let (key, value) = label(text)?;
                labels.insert(key, value);
            }
        }
    }
    Ok(labels)
}

/// The name or id of a host.
fn host(name: &str) -> Result<&str, Error> {
    super::checked(name, "host", "paas hosts")
}

/// The state, and why it is so where that is not what everybody wants.
fn state(host: &Host) -> String {
    match host.reason.as_deref().filter(|_| host.state != "ready") {
        Some(reason) => format!("{} ({reason})", host.state),
        None => host.state.clone(),
    }
}

/// Dollars an hour: `$0.0960`; `-` where nothing is known.
pub(super) fn price(dollars: Option<f64>) -> String {
    dollars.map_or_else(|| "-".to_owned(), |dollars| format!("${dollars:.4}"))
}

/// `1.5/8 GB`.
fn memory(host: &Host) -> String {
    let gb = |mb: u32| {
        let tenths = (u64::from(mb) * 10 + 512) / 1_024;
        if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
    };
    format!("{}/{} GB", gb(host.memory_used_mb), gb(host.memory_mb))
}

/// `a=1 b=2`.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}
