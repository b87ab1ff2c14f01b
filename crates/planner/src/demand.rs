use std::collections::BTreeMap;

use paas_model::AppId;

use crate::{amount::Amount, audience::Audience};

/// What everything would take if all formations were complete.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    by_app: BTreeMap<AppId, (Audience, Amount)>,
    totals: BTreeMap<Audience, Amount>,
}

impl Demand {
    pub(crate) fn set(&mut self, app: AppId, audience: Audience, amount: Amount) {
        let total = self.totals.entry(audience.clone()).or_default();
        *total = total.plus(amount);
        if let Some((audience, before)) = self.by_app.insert(app, (audience, amount))
            && let Some(total) = self.totals.get_mut(&audience)
        {
            *total = total.minus(before);
        }
    }

    pub(crate) fn of(&self, audience: &Audience) -> Amount {
        self.totals.get(audience).copied().unwrap_or_default()
    }
}
