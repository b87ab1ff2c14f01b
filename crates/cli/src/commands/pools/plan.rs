use paas_platform::{PlannedEnd, PoolPlan, PoolPlanQuery};

use crate::{
    commands::hosts::price,
    context::{Context, JsonArgs},
    error::Error,
    printer::Printer,
};

/// Show what a pool would launch or drain now, and what it costs; changes nothing
///
/// With --min, --max or --types: as if the pool were changed so.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// Pool to plan for
    #[arg(value_name = "POOL")]
    pool: String,
    /// As if this were the fewest hosts
    #[arg(long, value_name = "N")]
    min: Option<u32>,
    /// As if this were the most hosts
    #[arg(long, value_name = "N")]
    max: Option<u32>,
    /// As if these were the instance types
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    types: Option<Vec<String>>,
    #[command(flatten)]
    json: JsonArgs,
}

impl Plan {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let query = PoolPlanQuery { max: self.max, min: self.min, types: self.types.map(|types| types.join(",")) };
        let plan = context.client()?.pool_plan(super::pool(&self.pool)?, query).await?;
        match self.json.json {
            true => context.printer.json(&plan),
            false => show(context.printer, &plan),
        }
    }
}

fn show(printer: Printer, plan: &PoolPlan) -> Result<(), Error> {
    let launches = plan.launch.iter().map(|launch| {
        let kind = format!("{}{}", launch.instance_type, if launch.spot { " spot" } else { "" });
        ["+ launch".to_owned(), format!("{kind} in {}", launch.zone), cost(launch.price_per_hour), String::new()]
    });
    let end = |word: &'static str| {
        move |end: &PlannedEnd| [word.to_owned(), end.host.clone(), cost(end.price_per_hour), end.reason.clone()]
    };
    let rows: Vec<_> =
        launches.chain(plan.drain.iter().map(end("- drain"))).chain(plan.terminate.iter().map(end("- end"))).collect();
    match rows.is_empty() {
        true => printer.line("Nothing to launch, drain or end.")?,
        false => printer.rows(rows)?,
    }
    printer.line(format!(
        "\n{} -> {} hosts, {} -> {} an hour",
        plan.hosts_before,
        plan.hosts_after,
        price(Some(plan.price_before)),
        price(Some(plan.price_after))
    ))?;
    if plan.has_unknown_prices {
        printer.warn("Some prices are not known and count as nothing.");
    }
    if let Some(until) = plan.held_until {
        let why = plan.held_reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        printer.warn(format!("Nothing is launched before {until}{why}"));
    }
    if !plan.spare.is_empty() {
        printer.note(format!("Spare, and drained if that stays so: {}", plan.spare.join(", ")));
    }
    plan.waiting.iter().for_each(|wait| printer.note(format!("Waiting: {wait}")));
    Ok(())
}

fn cost(dollars: Option<f64>) -> String {
    match dollars {
        Some(_) => format!("{}/h", price(dollars)),
        None => "price not known".to_owned(),
    }
}
