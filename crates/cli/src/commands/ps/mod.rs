pub(super) mod list;
pub(super) mod restart;
pub(super) mod scale;
pub(super) mod stop;
pub(super) mod wait;

/// What `ps:restart` and `ps:stop` are to act on, as (dyno, process type): `web.1` as an argument is a dyno, `web` a type.
fn which(argument: Option<String>, dyno: Option<String>, kind: Option<String>) -> (Option<String>, Option<String>) {
    match argument {
        Some(name) if name.contains('.') => (Some(name), None),
        Some(name) => (None, Some(name)),
        None => (dyno, kind),
    }
}
