use crate::{
    raw::{Raw, only},
    upstream::Upstream,
    world::{App, Router, World, soon},
};

struct Between {
    world: World,
    router: Router,
    upstream: Upstream,
    app: App,
}

impl Between {
    async fn new() -> Self {
        let world = World::new().await;
        let upstream = Upstream::bind().await;
        let app = world.app_at("one-app", upstream.address).await;
        let router = world.router().await;
        Self { world, router, upstream, app }
    }

    /// Sends a request with these headers; returns the client, the dyno's side, and the head that it heard.
    async fn ask(&self, headers: &str) -> (Raw, Raw, String) {
        let mut client = self.router.connect().await;
        client.say(&format!("GET /path?query HTTP/1.1\nhost: {}\n{headers}\n", self.app.host())).await;
        let mut dyno = soon(self.upstream.accept()).await;
        let head = dyno.hear_head().await;
        (client, dyno, head)
    }

    async fn end(self) {
        self.router.end().await;
        self.world.end().await;
    }
}

#[tokio::test]
async fn the_app_is_told_where_the_request_comes_from() {
    let between = Between::new().await;
    let (_client, _dyno, head) =
        between.ask("x-forwarded-for: 6.6.6.6\nx-forwarded-proto: https\nvia: 1.0 proxy\nx-request-start: 1\n").await;
    assert!(head.starts_with("GET /path?query HTTP/1.1\n"), "{head}");
    let port = between.router.address.port();
    assert_eq!(
        only(&head, &["host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "via"]),
        [
            "host: one-app.test".to_owned(),
            "via: 1.0 proxy, 1.1 paas-router".to_owned(),
            "x-forwarded-for: 6.6.6.6, 127.0.0.1".to_owned(),
            format!("x-forwarded-port: {port}"),
            "x-forwarded-proto: http".to_owned(),
        ]
    );
    let start = only(&head, &["x-request-start"]);
    assert_eq!((start.len(), start[0].len()), (1, "x-request-start: 1763866800000".len()), "{start:?}");
    between.end().await;
}

#[tokio::test]
async fn hop_by_hop_headers_stay_on_their_side() {
    let between = Between::new().await;
    let gone = ["connection", "keep-alive", "te", "proxy-authorization", "proxy-connection", "upgrade", "expect"];
    let (mut client, mut dyno, head) = between
        .ask(
            "connection: keep-alive\nkeep-alive: 5\nte: trailers\nproxy-authorization: secret\nproxy-connection: x\n\
             upgrade: h2c\nexpect: 100-continue\n",
        )
        .await;
    assert_eq!(only(&head, &gone), [""; 0]);
    dyno.say("HTTP/1.1 200 OK\nconnection: keep-alive\nkeep-alive: timeout=5\nupgrade: h2c\ncontent-length: 0\n\n")
        .await;
    let head = client.hear_head().await;
    assert_eq!(only(&head, &gone), [""; 0]);
    assert_eq!(only(&head, &["via", "server"]), ["server: paas-router", "via: 1.1 paas-router"]);
    between.end().await;
}

#[tokio::test]
async fn a_request_id_is_kept_where_it_has_herokus_shape() {
    let between = Between::new().await;
    let (_client, _dyno, head) = between.ask("x-request-id: 30f14c6c1fc85cba12bfd093aa8f90e3\n").await;
    assert_eq!(only(&head, &["x-request-id"]), ["x-request-id: 30f14c6c1fc85cba12bfd093aa8f90e3"]);
    let (_client, _dyno, head) = between.ask("x-request-id: too short\n").await;
    let id = only(&head, &["x-request-id"])[0].split_once(": ").unwrap().1.to_owned();
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    between.end().await;
}

#[tokio::test]
async fn the_apps_own_headers_pass_unchanged() {
    let between = Between::new().await;
    let (mut client, mut dyno, head) =
        between.ask("cookie: a=1\nx-custom: Some Value\nauthorization: Bearer x\n").await;
    assert_eq!(
        only(&head, &["cookie", "x-custom", "authorization"]),
        ["authorization: Bearer x", "cookie: a=1", "x-custom: Some Value"]
    );
    dyno.say("HTTP/1.1 404 Not Found\nserver: mine\nset-cookie: a=1\nset-cookie: b=2\ncontent-length: 4\n\nmine").await;
    let head = client.hear_head().await;
    assert!(head.starts_with("HTTP/1.1 404 Not Found"));
    assert_eq!(only(&head, &["server", "set-cookie"]), ["server: mine", "set-cookie: a=1", "set-cookie: b=2"]);
    client.hear("mine").await;
    between.end().await;
}
