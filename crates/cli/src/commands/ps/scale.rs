use paas_platform::{Formation, FormationBatchUpdate, FormationUpdate, Quantity};

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Change how many dynos run, and of what size; without arguments, show it
#[derive(Debug, clap::Args)]
pub(crate) struct Scale {
    /// web=2, web=2:Standard-2X, web+1, web-1
    #[arg(value_name = "TYPE=QUANTITY[:SIZE]")]
    changes: Vec<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Scale {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let updates = self.changes.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
        let app = context.app(&self.app)?;
        let client = context.client()?;
        if updates.is_empty() {
            let formation = client.formation(&app).await?;
            if self.json.json {
                return context.printer.json(&formation);
            }
            if formation.is_empty() {
                return Err(Error::mistake(
                    format!("No process types on {}.", printer::app(&app)),
                    "push code with a Procfile to add process types",
                ));
            }
            let words =
                formation.iter().map(|Formation { kind, quantity, size, .. }| format!("{kind}={quantity}:{size}"));
            return context.printer.line(words.collect::<Vec<_>>().join(" "));
        }
        let types: Vec<_> = updates.iter().filter_map(|update| update.kind.clone()).collect();
        let action = context.printer.action("Scaling dynos");
        let formation = client.update_formation(&app, &FormationBatchUpdate { updates }).await?;
        let changed: Vec<_> = formation.iter().filter(|formation| types.contains(&formation.kind)).collect();
        let words = changed
            .iter()
            .map(|Formation { kind, quantity, size, .. }| format!("{} at {quantity}:{size}", printer::command(kind)));
        action.done_with(format!("now running {}", words.collect::<Vec<_>>().join(", ")));
        match self.json.json {
            true => context.printer.json(&changed),
            false => Ok(()),
        }
    }
}

/// The server decides what is a type, a quantity or a size; here only the form counts.
fn parse(text: &str) -> Result<FormationUpdate, Error> {
    let form =
        || Error::mistake(format!("{text} is not a change of scale."), "use web=2, web=2:Standard-2X, web+1 or web-1");
    let (kind, amount) = match text.split_once('=') {
        Some(parts) => parts,
        // A type may hold dashes itself: the sign is the last one.
        None => text.split_at(text.rfind(['+', '-']).ok_or_else(form)?),
    };
    let (quantity, size) = amount.split_once(':').map_or((amount, None), |(quantity, size)| (quantity, Some(size)));
    let digits = quantity.strip_prefix(['+', '-']).unwrap_or(quantity);
    if kind.is_empty() || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(form());
    }
    let size = size.map(str::to_owned);
    Ok(FormationUpdate {
        dyno_size: None,
        quantity: Some(Quantity::Text(quantity.to_owned())),
        size,
        kind: Some(kind.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_taken_apart() {
        for (text, kind, quantity, size) in [
            ("web=2", "web", "2", None),
            ("web=2:Standard-2X", "web", "2", Some("Standard-2X")),
            ("web+1", "web", "+1", None),
            ("low-priority-1", "low-priority", "-1", None),
            ("web=+1", "web", "+1", None),
        ] {
            let update = parse(text).unwrap();
            assert_eq!(update.kind.as_deref(), Some(kind), "{text}");
            assert_eq!(update.quantity.unwrap().to_string(), quantity, "{text}");
            assert_eq!(update.size.as_deref(), size, "{text}");
        }
        for text in ["web", "web=", "=1", "web=many", "web=1.5"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
