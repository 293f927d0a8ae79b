# NOT RUN YET. A draft for a tap; PLACEHOLDER stands for what nobody has decided yet. To be checked:
# - `brew install --build-from-source`, `brew test`, `brew audit --strict --new` on macOS (Arm and Intel) and Linux;
# - the programs themselves, which have not been run on macOS (docs/platforms.md);
# - the lines of `caveats` on a machine with Homebrew's netdata: whether its scripts are in that folder, whether install.sh accepts the
#   owner and group of Homebrew's folders, and that --uninstall restores them. Each version of netdata has a folder of its own;
# - whether `telemetry-preview` finds that agent, for status and for opt-out; on Linux its folders are in none of the usual places.
class AnonymousStatistics < Formula
  desc "Shows the Netdata agent's telemetry before it is sent, and turns it off"
  homepage "PLACEHOLDER"
  url "PLACEHOLDER/anonymous-statistics-0.1.0.tar.gz"
  sha256 "PLACEHOLDER"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    system "cargo", "install", *std_cargo_args(path: "tui")
    system "cargo", "install", *std_cargo_args(path: "platform", features: "cli")
    man1.install Dir["share/man/man1/*"]
    man5.install Dir["share/man/man5/*"]
    bash_completion.install Dir["share/bash-completion/completions/*"]
    zsh_completion.install Dir["share/zsh/site-functions/*"]
    fish_completion.install Dir["share/fish/vendor_completions.d/*"]
    pkgshare.install "install.sh"
  end

  # A formula must not change files of another one, so a person does.
  def caveats
    <<~EOS
      The agent still has Netdata's own scripts. To opt out, and then to replace them, after each upgrade of netdata anew:
        sudo #{opt_bin}/telemetry-preview opt-out
        sudo sh #{opt_pkgshare}/install.sh --from #{opt_bin} --prefix #{var}/anonymous-statistics \\
          --plugins-dir #{HOMEBREW_PREFIX}/opt/netdata/libexec/netdata/plugins.d
      Before you uninstall this formula: the second command with --uninstall and --prefix alone.
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/telemetry-preview --version")
    assert_match version.to_s, shell_output("#{bin}/system-info --version")
    assert_empty shell_output("DO_NOT_TRACK=1 #{bin}/anonymous-statistics START - -")
  end
end
