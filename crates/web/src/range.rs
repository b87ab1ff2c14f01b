//! Pages of lists (Heroku: "Platform API reference", Ranges).

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use paas_platform::{ListRange, Order};
use serde::Serialize;

/// A field that a list can be sorted and cut by. No two items may have the same value, or a page could lose one.
pub(crate) struct SortKey<T> {
    pub name: &'static str,
    pub of: fn(&T) -> Value,
}

/// What a field is compared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
}

/// The part of the list that the request's `Range` asks for: 200 with all of it, or 206 and where it goes on.
///
/// The first key is the one for requests that name none, or one that this list does not have: a `Range` is never an
/// error, because clients send odd ones. Bounds are in the order of the list, as in the `Next-Range` that we give out.
pub(crate) fn page<T: Serialize>(headers: &HeaderMap, items: Vec<T>, keys: &[SortKey<T>]) -> Response {
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(cut) = Cut::of(ListRange::parse(text), items, keys) else {
        return Json(Vec::<T>::new()).into_response();
    };
    let status = if cut.next.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let names = keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
    let mut response = (status, Json(cut.items)).into_response();
    let lines = [("accept-ranges", Some(names)), ("content-range", cut.content), ("next-range", cut.next)];
    for (name, value) in lines {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

struct Cut<T> {
    items: Vec<T>,
    content: Option<String>,
    /// `None`: this is the last page.
    next: Option<String>,
}

impl<T> Cut<T> {
    /// `None`: a list without keys.
    fn of(range: ListRange, items: Vec<T>, keys: &[SortKey<T>]) -> Option<Self> {
        let key = keys.iter().find(|key| key.name == range.key).or_else(|| keys.first())?;
        // Bounds of another key mean nothing for this one.
        let is_ours = key.name == range.key;
        let bound = |text: &Option<String>| text.as_deref().filter(|_| is_ours).map(str::to_owned);
        let (start, end) = (bound(&range.start), bound(&range.end));
        let descending = range.order == Order::Descending;
        let mut valued: Vec<(Value, T)> = items.into_iter().map(|item| ((key.of)(&item), item)).collect();
        valued.sort_by(|(a, _), (b, _)| if descending { b.cmp(a) } else { a.cmp(b) });
        valued.retain(|(value, _)| {
            let after_start = start.as_deref().and_then(|start| value.compared_to(start)).is_none_or(|order| {
                let order = if descending { order.reverse() } else { order };
                if range.after_start { order.is_gt() } else { order.is_ge() }
            });
            let before_end = end.as_deref().and_then(|end| value.compared_to(end)).is_none_or(|order| {
                let order = if descending { order.reverse() } else { order };
                if range.before_end { order.is_lt() } else { order.is_le() }
            });
            after_start && before_end
        });
        let more = valued.len() > range.page_size() as usize;
        valued.truncate(range.page_size() as usize);
        let last = valued.last().map(|(value, _)| value.to_string());
        let options = ListRange { key: key.name.to_owned(), max: Some(range.page_size()), ..range };
        let content = valued.first().map(|(first, _)| {
            let (start, end) = (Some(first.to_string()), last.clone());
            ListRange { start, end, after_start: false, before_end: false, ..options.clone() }.to_string()
        });
        let next = last
            .filter(|_| more)
            .map(|last| ListRange { start: Some(last), end, after_start: true, ..options.clone() }.to_string());
        Some(Self { items: valued.into_iter().map(|(_, item)| item).collect(), content, next })
    }
}

impl Value {
    /// `None`: `bound` is no value of this kind.
    fn compared_to(&self, bound: &str) -> Option<std::cmp::Ordering> {
        match self {
            Self::Number(number) => bound.parse().ok().map(|bound: i64| number.cmp(&bound)),
            Self::Text(text) => Some(text.as_str().cmp(bound)),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [SortKey<i64>; 2] = [
        SortKey { name: "version", of: |item| Value::Number(*item) },
        SortKey { name: "id", of: |item| Value::Text(format!("id-{item}")) },
    ];

    fn cut(range: &str) -> Cut<i64> {
        Cut::of(ListRange::parse(range), (1..=11).rev().collect(), &KEYS).unwrap()
    }

    #[test]
    fn numbers_sort_as_numbers_and_the_first_key_is_the_default() {
        let all: Vec<i64> = (1..=11).collect();
        for range in ["", "id2 ..; ;", "version ..", "nonsense", "name ]x..; max=200"] {
            let cut = cut(range);
            assert_eq!((cut.items, cut.next), (all.clone(), None), "{range}");
        }
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let first = cut("version ..; max=10, order=desc");
        assert_eq!(first.items, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        assert_eq!(first.content.as_deref(), Some("version 11..2; max=10, order=desc"));
        assert_eq!(first.next.as_deref(), Some("version ]2..; max=10, order=desc"));
        let last = cut(&first.next.unwrap());
        assert_eq!((last.items, last.next), (vec![1], None));
    }

    #[test]
    fn bounds_are_inclusive_unless_they_are_open() {
        assert_eq!(cut("version 3..5").items, [3, 4, 5]);
        assert_eq!(cut("version 5..3; order=desc").items, [5, 4, 3]);
        assert_eq!(cut("version ]3..5").items, [4, 5]);
        assert_eq!(cut("version 3..5[").items, [3, 4]);
        assert_eq!(cut("version ]5..3[; order=desc").items, [4]);
        assert_eq!(cut("id id-10..id-11; max=1").items, [10]);
    }

    #[test]
    fn nothing_is_a_whole_list_too() {
        let cut = cut("version 99..");
        assert_eq!((cut.items, cut.content, cut.next), (vec![], None, None));
    }
}
