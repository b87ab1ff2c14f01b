use paas_model::BuildpackSource;
use paas_platform as wire;

pub(crate) fn buildpack(source: &BuildpackSource) -> wire::Buildpack {
    wire::Buildpack { name: Some(source.name()), url: Some(source.url()) }
}

/// In the order in which they run.
pub(crate) fn installations(sources: &[BuildpackSource]) -> Vec<wire::BuildpackInstallation> {
    let numbered = (0..).zip(sources);
    numbered.map(|(ordinal, source)| wire::BuildpackInstallation { buildpack: buildpack(source), ordinal }).collect()
}
