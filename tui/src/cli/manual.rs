//! The ends of the verbs' help texts, which are also parts of their manual pages.

pub(super) const SHOW: &str = "\
Examples:
  telemetry-preview show --event FATAL --example
                                        what is sent when the agent fails
  telemetry-preview show --raw > request.txt
                                        the bytes of the request, and nothing else
  telemetry-preview show --channel crash-reports --if crash
                                        the daemon's own report after that, with examples
  telemetry-preview show --json --strict
                                        for a script that accepts nothing but the whole truth

Exit status:
  0  the request was printed
  1  it could not be written
  2  wrong usage, or there is no request to show
  3  --strict: not every value is known as it would be sent now";

pub(super) const STATUS: &str = "\
Examples:
  telemetry-preview status              which channels send from here, and what decides that?
  sudo telemetry-preview status         the same with the daemon's own environment
  telemetry-preview status --json       for programs

For an exit status that says whether telemetry is on, see check.

Exit status:
  0  whatever the answer is
  1  it could not be written
  2  wrong usage";

pub(super) const OPT_OUT: &str = "\
Examples:
  telemetry-preview opt-out --dry-run   what would be created and changed?
  sudo telemetry-preview opt-out        from now on, send nothing from this machine
  sudo telemetry-preview opt-out --channel crash-reports
                                        turn off the daemon's own report alone

Exit status:
  0   done, or --dry-run said what would be done
  1   you did not confirm, or the answer could not be written
  2   wrong usage
  77  a file could not be created or changed (standard error says what to run)";

pub(super) const OPT_IN: &str = "\
Examples:
  sudo telemetry-preview opt-in         remove the opt-out file, after asking

Exit status:
  0   done
  1   you did not confirm, or the answer could not be written
  2   wrong usage
  77  a file could not be deleted or changed (standard error says what to run)";

pub(super) const HISTORY: &str = "\
Examples:
  sudo telemetry-preview history        what was sent, what waits and why
  sudo telemetry-preview history --raw 1
                                        the bytes of the request with this number

Exit status:
  0   done
  1   the answer could not be written
  2   wrong usage, or there is no request with this number
  77  the requests could not be read (standard error says what to run)";

pub(super) const FORGET: &str = "\
Examples:
  telemetry-preview forget --dry-run    where would something be deleted?
  sudo telemetry-preview forget         delete what was sent and what waits, after asking

Exit status:
  0   done
  1   you did not confirm, or the answer could not be written
  2   wrong usage
  77  a file could not be deleted (standard error says what to run)";

pub(super) const EXPLAIN: &str = "\
Examples:
  telemetry-preview explain distinct_id    what is it, and why is it sent?
  telemetry-preview explain host.id        a field of the daemon's own report
  telemetry-preview explain --all          every field

Exit status:
  0  done
  1  the answer could not be written
  2  wrong usage, or there is no such field";

pub(super) const SCHEMA: &str = "\
Examples:
  telemetry-preview schema              every field of the daemon's events
  telemetry-preview schema --format json
                                        all channels, for programs
  telemetry-preview schema --since v2.5.4
                                        what newer daemons add to their own report

Exit status:
  0  done
  1  the answer could not be written
  2  wrong usage";
