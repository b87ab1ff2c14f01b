pub(super) mod add;
pub(super) mod list;
pub(super) mod remove;
pub(super) mod update;

/// `deploy,operate`, as the API wants them: sorted, and with `view`, which is part of every other.
fn permissions(text: &str) -> Vec<String> {
    let mut names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    names.push("view".to_owned());
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn view_is_always_among_them() {
        assert_eq!(super::permissions("operate, deploy,,view"), ["deploy", "operate", "view"]);
        assert_eq!(super::permissions(""), ["view"]);
    }
}
