//! How a machine is told to become a host: the script that it runs, and the commands that fetch it.

/// As it stands in the repository; [`render_join_script`] fills it in.
const SCRIPT: &str = include_str!("../../../docker/join.sh");

const API_URL: &str = "@API_URL@";
const CA_PEM: &str = "@CA_PEM@";
const TUNE_HOST: &str = "@TUNE_HOST@\n";

/// Defines functions of the shell: `share_cpu`, `spread_layers`.
pub(crate) const TUNE_HOST_SCRIPT: &str = include_str!("tune-host.sh");

/// The script as this installation serves it, at `API_URL/hosts/join.sh`. It holds no secret: the token is its argument.
#[must_use]
pub fn render_join_script(api_url: &str, ca_pem: &str) -> String {
    let (url, authority) = (shell_word(api_url.trim_end_matches('/')), shell_word(ca_pem.trim()));
    let script = SCRIPT.replacen(TUNE_HOST, TUNE_HOST_SCRIPT, 1);
    script.replacen(API_URL, &url, 1).replacen(CA_PEM, &authority, 1)
}

/// What a person pastes into a root shell of the machine: a command, over some lines. It trusts the authority that it
/// carries and no other, so that nobody in between can put another script in. The token stands in no program's arguments,
/// which every user of the machine can read: the shell reads it, with the script, from standard input.
#[must_use]
pub fn join_command(api_url: &str, ca_pem: &str, token: &str, environment: &[(&str, &str)]) -> String {
    let script = shell_word(&format!("{}/hosts/join.sh", api_url.trim_end_matches('/')));
    let environment: String =
        environment.iter().map(|(name, value)| format!("{name}={} ", shell_word(value))).collect();
    // Read by two shells: the one that runs the command, and the one that runs the script.
    let (ca, token) = (shell_word(ca_pem.trim()), shell_word(&shell_word(token)));
    format!(
        "(ca=$(mktemp) && trap 'rm -f \"$ca\"' EXIT && printf '%s\\n' {ca} >\"$ca\" &&\n\
         script=$(curl --fail --silent --show-error --retry 5 --retry-connrefused --cacert \"$ca\" {script}) &&\n\
         printf 'set -- %s\\n%s\\n' {token} \"$script\" | {environment}sh)\n"
    )
}

/// The same for a machine that nobody is logged in to: run as root at its first start, by cloud-init for one. The
/// network may take its time.
#[must_use]
pub fn user_data(api_url: &str, ca_pem: &str, token: &str, environment: &[(&str, &str)]) -> String {
    let command = join_command(api_url, ca_pem, token, environment);
    format!(
        "#!/bin/sh\n\
         # Joins this machine to the platform. The token works once.\n\
         join() {{\n\
         {command}\
         }}\n\
         command -v curl >/dev/null || {{ apt-get update && apt-get install -y curl ca-certificates; }}\n\
         tries=0\n\
         until join; do\n\
         tries=$((tries + 1))\n\
         [ \"$tries\" -lt 10 ] || exit 1\n\
         sleep 15\n\
         done\n"
    )
}

/// As one word of a POSIX shell, whatever is in it.
fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use super::*;

    const NASTY: &str = "it's $(touch /tmp/paas-nasty) `id` \"quoted\" \\n \n& ; | *";
    /// EC2 takes no more.
    const USER_DATA_BYTES: usize = 16 << 10;

    /// What a shell prints when it is given the script on standard input.
    fn run(script: &str) -> String {
        let mut shell = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn the_shell_reads_a_word_as_it_was_meant() {
        for text in ["", "plain", NASTY] {
            assert_eq!(run(&format!("printf %s {}", shell_word(text))), text);
        }
    }

    #[test]
    fn the_script_knows_its_server_and_its_authority() {
        let script = render_join_script(&format!("https://{NASTY}/"), NASTY);
        assert!(![API_URL, CA_PEM, TUNE_HOST].iter().any(|place| script.contains(place)));
        let settings: String = script.split("\nDIRECTORY=").take(1).map(str::to_owned).collect();
        assert_eq!(run(&format!("{settings}\nprintf '%s|%s' \"$API\" \"$CA\"")), format!("https://{NASTY}|{NASTY}"));
    }

    #[test]
    fn the_command_gives_curl_the_authority_and_the_script_its_token_and_environment() {
        let command = join_command("https://paas.test/", NASTY, NASTY, &[("PAAS_HOST_NAME", "it's")]);
        // In the script's stead comes one that prints what it was told, and what curl was.
        let curl = "curl() {\n\
                    for argument; do last=$argument; done\n\
                    echo 'printf \"%s|\" \"$PAAS_HOST_NAME\" \"$#\" \"$1\"; cat <<\"END\"'\n\
                    cat \"$ca\"; printf '%s\\nEND\\n' \"$last\"\n\
                    }\n";
        let printed = run(&format!("{curl}{command}"));
        assert_eq!(printed, format!("it's|1|{NASTY}|{}\nhttps://paas.test/hosts/join.sh\n", NASTY.trim()));
    }

    #[test]
    fn user_data_is_a_script_and_fits() {
        let chain = "-----BEGIN CERTIFICATE-----\n".repeat(200);
        let data = user_data("https://paas.test", &chain, "token", &[]);
        assert!(data.starts_with("#!/bin/sh\n") && data.len() < USER_DATA_BYTES, "{} bytes", data.len());
        let checked = Command::new("sh").args(["-n", "-c", &data]).status().unwrap();
        assert!(checked.success());
    }
}
