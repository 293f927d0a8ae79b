# NOT RUN YET. A draft. To be checked:
# - `nix-build -E '(import <nixpkgs> { }).callPackage ./package.nix { }'` in a git checkout, on x86_64 and aarch64 Linux and on macOS;
#   whether nixpkgs has a Rust that is new enough (rust-version in Cargo.toml);
# - the programs of that build: static ones are what the project's tests have run.
{ lib, stdenv, rustPlatform, cargo, rustc }:
stdenv.mkDerivation {
  pname = "anonymous-statistics";
  version = (lib.importTOML ../../Cargo.toml).workspace.package.version;
  src = lib.fileset.toSource { root = ../..; fileset = lib.fileset.gitTracked ../..; };
  cargoDeps = rustPlatform.importCargoLock { lockFile = ../../Cargo.lock; };
  nativeBuildInputs = [ rustPlatform.cargoSetupHook cargo rustc ];

  # One build for each program: in a common one the sender's features would reach the preview.
  buildPhase = ''
    runHook preBuild
    cargo build --release --frozen --package anonymous-statistics
    cargo build --release --frozen --package telemetry-preview
    cargo build --release --frozen --package system-facts --features cli
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -Dm755 -t $out/bin target/release/{anonymous-statistics,telemetry-preview,system-info}
    cp -r share $out
    runHook postInstall
  '';

  meta = {
    description = "Shows the Netdata agent's telemetry before it is sent, and turns it off";
    license = [ lib.licenses.mit lib.licenses.asl20 ]; # either
    mainProgram = "telemetry-preview";
    platforms = lib.platforms.unix;
  };
}
