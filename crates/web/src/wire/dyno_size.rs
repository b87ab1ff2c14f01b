use paas_model::DynoSize;
use paas_platform as wire;

use super::named;

pub(crate) fn dyno_size(size: DynoSize) -> wire::DynoSize {
    let reference = named("dyno-size", size.name());
    wire::DynoSize {
        architecture: "amd64".to_owned(),
        compute: size.cpu_shares() / 1_024,
        cost: None,
        dedicated: size.is_dedicated(),
        generation: named("generation", "cedar"),
        id: reference.id,
        memory: f64::from(size.memory_mb()) / 1_024.0,
        name: reference.name,
        // What enterprise contracts are charged by.
        precise_dyno_units: 0.0,
        private_space_only: false,
    }
}
