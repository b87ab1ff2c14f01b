use paas_platform as wire;

use super::named;
use crate::state::Web;

/// The one region. Where on earth it is, nobody has told us.
pub(crate) fn region(web: &Web) -> wire::Region {
    let reference = named("region", &web.config.region);
    wire::Region {
        country: String::new(),
        created_at: web.started.into(),
        description: format!("{} at {}", web.settings().product, web.settings().public_url),
        id: reference.id,
        locale: String::new(),
        name: reference.name,
        private_capable: false,
        provider: wire::RegionProvider { name: web.settings().product.clone(), region: web.config.region.clone() },
        updated_at: web.started.into(),
    }
}
