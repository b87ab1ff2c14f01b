//! What the text of a variable means. `None`: nothing that it can be set to.

use std::collections::BTreeSet;

use paas_builder::{CONTAINER_STACK, StackConfig};
use url::{Host, Url};

pub(super) fn on_or_off(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

pub(super) fn domain(text: &str) -> Option<String> {
    match Host::parse(text).ok()? {
        Host::Domain(name) if !name.ends_with('.') && !name.contains('*') => Some(name),
        _ => None,
    }
}

pub(super) fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (url.scheme() == "https" && url.has_host() && bare).then_some(url)
}

pub(super) fn app_url(text: &str) -> Option<String> {
    let url = Url::parse(&text.replace("{app}", "example")).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.path() == "/" && text.matches("{app}").count() == 1;
    fits.then(|| format!("{}/", text.trim_end_matches('/')))
}

pub(super) fn stacks(text: &str) -> Option<Vec<StackConfig>> {
    let stacks: Vec<_> = text.split_whitespace().map(stack).collect::<Option<_>>()?;
    let names: BTreeSet<&str> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    (!stacks.is_empty() && names.len() == stacks.len()).then_some(stacks)
}

/// `debian-13`, `debian-13@WORD`, or any name with images.
fn stack(text: &str) -> Option<StackConfig> {
    let ours = StackConfig::debian_13();
    if text == ours.name {
        return Some(ours);
    }
    if let Some(word) = text.strip_prefix(&ours.name).and_then(|rest| rest.strip_prefix('@')) {
        return StackConfig::debian_13_edition(word);
    }
    let (name, images) = text.split_once('=')?;
    let (build, run) = images.split_once(',')?;
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
    };
    let fits = is_name(name) && name != CONTAINER_STACK && !build.is_empty() && !run.is_empty() && !run.contains(',');
    fits.then(|| StackConfig {
        name: name.to_owned(),
        build_image: build.to_owned(),
        run_image: run.to_owned(),
        edition: None,
    })
}
