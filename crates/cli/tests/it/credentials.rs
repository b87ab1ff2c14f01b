use std::fs;

use crate::sandbox::{Sandbox, TOKEN};

const FILE: &str = r#"
server = "https://localhost:5443"

[servers."https://localhost:5443"]
token = "local-token"

[servers."https://paas.example.com"]
token = "example-token"
email = "owner@example.com"
"#;

fn answer(sandbox: &Sandbox, operation: &str, question: &str) -> String {
    let output = sandbox.paas_with_input(&["git:credentials", operation], question);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(sandbox.config().join("credentials.toml"), FILE).expect("the folder is ours");
    sandbox
}

#[test]
fn git_gets_the_token_of_the_server_that_it_asks_for() {
    let sandbox = sandbox();
    let ask = |question| answer(&sandbox, "get", question);
    assert_eq!(ask("protocol=https\nhost=localhost:5443\n\n"), "username=paas\npassword=local-token\n");
    assert_eq!(
        ask("capability[]=authtype\nprotocol=https\nhost=paas.example.com\n"),
        "username=paas\npassword=example-token\n"
    );
}

#[test]
fn other_hosts_plain_http_and_other_operations_get_silence() {
    let sandbox = sandbox();
    for question in [
        "protocol=http\nhost=localhost:5443\n\n",
        "protocol=https\nhost=localhost\n\n",
        "protocol=https\nhost=localhost:5443.example.com\n\n",
        "protocol=https\nhost=github.com\n\n",
        "host=localhost:5443\n\n",
        "\nprotocol=https\nhost=localhost:5443\n",
        "",
    ] {
        assert_eq!(answer(&sandbox, "get", question), "", "{question:?}");
    }
    for operation in ["store", "erase", "other"] {
        assert_eq!(
            answer(&sandbox, operation, "protocol=https\nhost=localhost:5443\npassword=x\n\n"),
            "",
            "{operation}"
        );
    }
    assert_eq!(fs::read_to_string(sandbox.config().join("credentials.toml")).unwrap(), FILE);
}

#[test]
fn a_token_from_the_environment_is_for_the_current_server_alone() {
    let sandbox = sandbox().with("PAAS_API_KEY", TOKEN);
    assert_eq!(
        answer(&sandbox, "get", "protocol=https\nhost=localhost:5443\n\n"),
        "username=paas\npassword=0123-token\n"
    );
    let other = answer(&sandbox, "get", "protocol=https\nhost=paas.example.com\n\n");
    assert_eq!(other, "username=paas\npassword=example-token\n");
}
