use std::collections::HashMap;

use paas_model::Hostname;

/// What stands under host names, among them wildcards.
#[derive(Debug)]
pub(crate) struct HostMap<T> {
    names: HashMap<String, T>,
    /// `example.com` for `*.example.com`.
    wildcards: HashMap<String, T>,
}

impl<T> Default for HostMap<T> {
    fn default() -> Self {
        Self { names: HashMap::new(), wildcards: HashMap::new() }
    }
}

impl<T> HostMap<T> {
    pub(crate) fn insert(&mut self, name: &Hostname, value: T) {
        match name.wildcard_of() {
            Some(parent) => self.wildcards.insert(parent.to_owned(), value),
            None => self.names.insert(name.as_str().to_owned(), value),
        };
    }

    /// What stands under this very name, or else under the nearest wildcard above it.
    pub(crate) fn find(&self, host: &str) -> Option<&T> {
        self.names.get(host).or_else(|| {
            let parents = std::iter::successors(parent(host), |name| parent(name));
            parents.filter_map(|parent| self.wildcards.get(parent)).next()
        })
    }
}

fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, parent)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_itself_comes_before_wildcards_and_the_nearest_wildcard_before_others() {
        let mut map = HostMap::default();
        for name in ["www.example.com", "*.example.com", "*.shop.example.com"] {
            map.insert(&Hostname::parse(name).unwrap(), name);
        }
        for (host, want) in [
            ("www.example.com", Some("www.example.com")),
            ("blog.example.com", Some("*.example.com")),
            ("a.www.example.com", Some("*.example.com")),
            ("a.shop.example.com", Some("*.shop.example.com")),
            ("a.b.shop.example.com", Some("*.shop.example.com")),
            ("shop.example.com", Some("*.example.com")),
            ("example.com", None),
            ("*.example.org", None),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(map.find(host).copied(), want, "{host}");
        }
    }
}
