# NOT RUN YET. A draft for NixOS, beside its own services.netdata: opted out, or the agent's starts and ends to a PostHog of your own.
# To be checked, in a NixOS test with a listener in place of PostHog:
# - the opt-out file in /etc/netdata/conf.d, the agent's config directory there, and the verdict of `telemetry-preview status`;
# - that netdata builds with this postInstall, and that its plugins still find their wrappers;
# - both hooks under the service's sandbox, with and without services.netdata.claimTokenFile, and the event after `kill -9`.
{ config, lib, pkgs, ... }:
let
  programs = pkgs.callPackage ./package.nix { };
  own = config.services.netdata.ownPostHog;
  # A folder of its own, since the sender reads no configuration through a link, and conf.d has links only.
  folder = pkgs.writeTextDir "anonymous-statistics.toml" own;
  call = "-${programs}/bin/anonymous-statistics --config-dir ${folder} --from-status";
in
{
  options.services.netdata.ownPostHog = lib.mkOption {
    type = lib.types.nullOr lib.types.lines;
    default = null;
    example = ''
      url = "https://posthog.example.org/capture/"
      api_key = "..."
    '';
    description = ''
      The text of anonymous-statistics.toml, which every account on the machine can read in the Nix store. With null the agent
      is opted out.
    '';
  };

  config = lib.mkIf config.services.netdata.enable {
    environment.systemPackages = [ programs ];
    services.netdata = {
      # NixOS creates the opt-out file, which would stop these events, too.
      enableAnalyticsReporting = own != null;
      config.global."crash reports" = "off";
      package = lib.mkDefault (pkgs.netdata.overrideAttrs (old: {
        postInstall = old.postInstall + ''
          for name in system-info anonymous-statistics; do
            script=$out/libexec/netdata/plugins.d/$name.sh
            mv $script $script.original
            cp ${programs}/bin/$name $script
          done
        '';
      }));
    };
    systemd.services.netdata.serviceConfig = lib.mkIf (own != null) {
      ExecStartPre = [ call ];
      ExecStopPost = [ call ];
    };
  };
}
