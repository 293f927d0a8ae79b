//! The options of `configure`.

use clap::Args;

use crate::cli::format::Format;

#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigureOptions {
    /// The server: https, or http to this machine
    #[arg(long, value_name = "URL", requires = "api_key", required_unless_present_any = ["test", "withhold", "send_again"])]
    pub(crate) url: Option<String>,
    /// The key of your own PostHog project
    #[arg(long, value_name = "KEY", requires = "url")]
    pub(crate) api_key: Option<String>,
    /// Start the installed sender, which sends one event named TEST there, and print the answer
    #[arg(long)]
    pub(crate) test: bool,
    /// Leave this field out of new events of this sender
    #[arg(long, value_name = "FIELD", conflicts_with_all = ["url", "test", "send_again"])]
    pub(crate) withhold: Option<String>,
    /// Send a withheld field again
    #[arg(long, value_name = "FIELD", conflicts_with_all = ["url", "test"])]
    pub(crate) send_again: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

pub(super) const HELP: &str = "\
Writes url and api_key, or withhold, into anonymous-statistics.toml in the agent's config directory, and keeps \
what else is there. It shows the change first, and asks.

With --test the installed sender sends one event, whose identifier is not this installation's, and which is \
kept nowhere. This program itself sends nothing. It is refused where this machine has opted out.

Examples:
  sudo telemetry-preview configure --url https://posthog.example.org/capture/ --api-key KEY --test
  sudo telemetry-preview configure --test           try what is configured
  sudo telemetry-preview configure --withhold system_cpu_model

Exit status:
  0   done, and with --test the server accepted the event
  1   you did not confirm, or the test did not go well
  2   wrong usage, or the url or the key cannot be used, or the field cannot be withheld
  77  the file could not be written (standard error says what to run)";
