use paas_control::ops::domains::Domain;
use paas_db::apps::App;
use paas_platform as wire;

use super::app_reference;

pub(crate) fn domain(app: &App, domain: &Domain) -> wire::Domain {
    wire::Domain {
        acm_status: None,
        acm_status_reason: None,
        app: app_reference(app),
        cname: domain.cname.clone(),
        created_at: domain.created_at.into(),
        hostname: domain.hostname.clone(),
        id: domain.id.uuid(),
        kind: if domain.is_custom { "custom" } else { "heroku" }.to_owned(),
        sni_endpoint: domain
            .sni_endpoint
            .as_ref()
            .map(|(id, name)| wire::NamedReference { id: id.uuid(), name: name.clone() }),
        // Neither is to be waited for: with `none` Heroku's CLI says nothing of waiting.
        status: if domain.is_custom { "none" } else { "succeeded" }.to_owned(),
        updated_at: domain.updated_at.into(),
    }
}
