use std::time::Duration;

/// What an operator may set about the API. Addresses and texts come from `paas_control::Settings`.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// The name of the one region there is.
    pub region: String,
    /// Calls that an account may make at once, after a pause (Heroku: 4,500).
    pub rate_limit: u32,
    /// How fast an account's allowance comes back (Heroku: 75 a minute).
    pub refill_per_minute: u32,
    /// A call that takes longer is answered with 503. Streams and uploads are not under it. Clients give up after 60 s.
    pub answer_within: Duration,
    /// An event stream that is silent for this long sends a comment, so that nobody in between closes it.
    pub keep_alive: Duration,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            region: "local".to_owned(),
            rate_limit: 4_500,
            refill_per_minute: 75,
            answer_within: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
        }
    }
}
