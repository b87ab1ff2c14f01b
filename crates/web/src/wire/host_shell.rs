use paas_db::host_shells::Shell;
use paas_platform as wire;

/// `attach_url`: for the client that made it, once.
pub(crate) fn host_shell(shell: &Shell, attach_url: Option<wire::Secret>) -> wire::HostShell {
    wire::HostShell {
        attach_url,
        created_at: shell.created_at.into(),
        ended_at: shell.ended_at.map(Into::into),
        exit_code: shell.exit_code,
        id: shell.id.uuid(),
    }
}
