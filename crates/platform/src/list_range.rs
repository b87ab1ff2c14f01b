use std::fmt;

/// A `Range` or `Next-Range` header of a list: `version 3..; max=10, order=desc` (Heroku: "Platform API reference", Ranges).
///
/// Keys are separated by `..` because ids hold dashes; options by `,` or `;`, in any order. Clients send things like
/// `id ..; ;` too, so parsing never fails: what it does not understand is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListRange {
    /// The attribute that the list is sorted by; empty: the resource's own.
    pub key: String,
    /// First value wanted; `None`: from the beginning.
    pub start: Option<String>,
    /// Last value wanted; `None`: to the end.
    pub end: Option<String>,
    /// `]start`: begin after `start`, not with it. What `Next-Range` says.
    pub after_start: bool,
    /// `end[`: end before `end`, not with it.
    pub before_end: bool,
    /// Page size; `None`: the server's default of 200. At most 1,000.
    pub max: Option<u32>,
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Ascending,
    Descending,
}

impl ListRange {
    pub const DEFAULT_MAX: u32 = 200;
    pub const HIGHEST_MAX: u32 = 1_000;

    /// All of a list by `key`, `max` at a time.
    #[must_use]
    pub fn by(key: &str, max: u32, order: Order) -> Self {
        Self { key: key.to_owned(), max: Some(max), order, ..Self::default() }
    }

    #[must_use]
    pub fn parse(header: &str) -> Self {
        let (bounds, options) = header.split_once([';', ',']).unwrap_or((header, ""));
        let mut range = Self::default();
        // `order=desc,max=1` may also stand alone.
        if bounds.contains("..") {
            let (key, values) = bounds.trim().split_once(char::is_whitespace).unwrap_or(("", bounds.trim()));
            let (start, end) = values.split_once("..").unwrap_or((values, ""));
            range.key = key.to_owned();
            range.after_start = start.trim().starts_with(']');
            range.start = some(start.trim().trim_start_matches(']'));
            range.before_end = end.trim().ends_with('[');
            range.end = some(end.trim().trim_end_matches('['));
        } else {
            range.read_option(bounds);
        }
        options.split([',', ';']).for_each(|option| range.read_option(option));
        range
    }

    /// [`Self::max`] within what the server allows.
    #[must_use]
    pub fn page_size(&self) -> u32 {
        self.max.unwrap_or(Self::DEFAULT_MAX).clamp(1, Self::HIGHEST_MAX)
    }

    fn read_option(&mut self, option: &str) {
        match option.trim().split_once('=') {
            Some(("max", number)) => self.max = number.trim().parse().ok().or(self.max),
            Some(("order", "desc")) => self.order = Order::Descending,
            Some(("order", "asc")) => self.order = Order::Ascending,
            _ => {}
        }
    }
}

impl fmt::Display for ListRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.after_start { "]" } else { "" };
        let close = if self.before_end { "[" } else { "" };
        let (start, end) = (self.start.as_deref().unwrap_or(""), self.end.as_deref().unwrap_or(""));
        write!(f, "{} {open}{start}..{end}{close}", self.key)?;
        match (self.max, self.order) {
            (None, Order::Ascending) => Ok(()),
            (Some(max), Order::Ascending) => write!(f, "; max={max}"),
            (None, Order::Descending) => f.write_str("; order=desc"),
            (Some(max), Order::Descending) => write!(f, "; max={max}, order=desc"),
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_understood() {
        for (header, key, max, order) in [
            ("version ..; max=10, order=desc", "version", Some(10), Order::Descending),
            ("version ..; order=desc,max=2;", "version", Some(2), Order::Descending),
            ("order=desc,max=1", "", Some(1), Order::Descending),
            ("id ..; max=1000;", "id", Some(1_000), Order::Ascending),
            ("id ..; ;", "id", None, Order::Ascending),
            ("", "", None, Order::Ascending),
            ("nonsense; max=x", "", None, Order::Ascending),
        ] {
            let range = ListRange::parse(header);
            assert_eq!((range.key.as_str(), range.max, range.order), (key, max, order), "{header}");
            assert_eq!((range.start, range.end), (None, None), "{header}");
        }
    }

    #[test]
    fn a_next_range_reads_back_as_what_was_written() {
        let text = "id ]01234567-89ab-cdef-0123-456789abcdef..; max=2, order=desc";
        let range = ListRange::parse(text);
        assert!(range.after_start);
        assert_eq!(range.start.as_deref(), Some("01234567-89ab-cdef-0123-456789abcdef"));
        assert_eq!(range.to_string(), text);
        let text = "name ]alpha..omega[; max=2";
        let range = ListRange::parse(text);
        assert!(range.before_end);
        assert_eq!((range.end.as_deref(), range.to_string().as_str()), (Some("omega"), text));
    }

    #[test]
    fn pages_are_never_empty_nor_endless() {
        assert_eq!(ListRange::parse("id ..; max=0").page_size(), 1);
        assert_eq!(ListRange::parse("id ..; max=99999").page_size(), 1_000);
        assert_eq!(ListRange::parse("id ..").page_size(), 200);
    }
}
