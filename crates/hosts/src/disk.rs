//! How full a host's disk is, of any engine.

use std::{collections::BTreeMap, time::Duration};

use futures::TryStreamExt;
use tokio::time::timeout;

use crate::{ContainerName, ContainerSpec, Disk, Engine, EngineError, Limits, Network};

/// A host that takes longer is busier than it is full.
const DEADLINE: Duration = Duration::from_secs(20);
const MEMORY_MB: u32 = 64;
const PROCESSES: u32 = 16;

/// Looks at the disk that the engine stores on through a container named `name`, of an image that the host has and that has a
/// shell and `df`: for engines that cannot tell themselves ([`Engine::disk`]). `None`: it does not say.
///
/// # Errors
/// [`EngineError`] of any call; the container may be left over, and goes with the next look.
pub async fn look_at_disk(engine: &dyn Engine, name: &ContainerName, image: &str) -> Result<Option<Disk>, EngineError> {
    let looked = timeout(DEADLINE, ask_df(engine, name, image)).await;
    engine.remove(name).await?;
    looked.unwrap_or(Ok(None))
}

async fn ask_df(engine: &dyn Engine, name: &ContainerName, image: &str) -> Result<Option<Disk>, EngineError> {
    // What is left of a look that was cut off knows an old answer.
    engine.remove(name).await?;
    engine.create(name, &spec(image)).await?;
    engine.start(name).await?;
    engine.wait(name).await?;
    let printed: Vec<_> = engine.logs(name, None).await?.try_collect().await?;
    let text = printed.iter().flat_map(|chunk| chunk.bytes.iter().copied()).collect::<Vec<u8>>();
    Ok(parse(&String::from_utf8_lossy(&text)))
}

/// What a container writes is on the engine's disk, so its root is there.
fn spec(image: &str) -> ContainerSpec {
    ContainerSpec {
        image: image.to_owned(),
        command: ["/bin/sh", "-c", "exec df -kP /"].map(str::to_owned).to_vec(),
        entrypoint: false,
        env: BTreeMap::new(),
        labels: BTreeMap::from([("paas".to_owned(), "disk".to_owned())]),
        user: "65534:65534".to_owned(),
        working_dir: "/".to_owned(),
        limits: Limits {
            memory_mb: MEMORY_MB,
            cpu_shares: 1024,
            cpu_millis: None,
            processes: PROCESSES,
            file_bytes: None,
        },
        network: Network::Builds,
        port: None,
        tty: false,
        stdin: false,
    }
}

/// POSIX: `df -P`, in units of 1024 bytes.
fn parse(printed: &str) -> Option<Disk> {
    let words: Vec<&str> = printed.lines().nth(1)?.split_whitespace().collect();
    let [_, blocks, _, free, ..] = words.as_slice() else { return None };
    let bytes = |blocks: &str| blocks.parse::<u64>().ok()?.checked_mul(1024);
    Some(Disk { bytes: bytes(blocks)?, free_bytes: bytes(free)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_line_of_df_has_the_numbers() {
        let printed = "Filesystem     1024-blocks    Used Available Capacity Mounted on\noverlay          263174212 21811200  73612800      23% /\n";
        assert_eq!(parse(printed), Some(Disk { bytes: 263_174_212 * 1024, free_bytes: 73_612_800 * 1024 }));
        for other in ["", "df: not found\n", "one\ntwo\n", "one\na b c d\n"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
