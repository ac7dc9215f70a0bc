# shellcheck shell=bash
# Images of busybox, made on the spot, as `docker save` writes them. Sourced, never run.

# begin_images DIRECTORY: an empty archive.
begin_images() {
  rm -rf "$1"
  mkdir -p "$1"
  echo '[]' >"$1/manifest.json"
}

# add_layer DIRECTORY NAME ROOT: what lies below ROOT.
add_layer() {
  tar -C "$3" --sort=name --owner=0 --group=0 --numeric-owner -cf "$1/$2.tar" .
  sha256sum <"$1/$2.tar" | cut -d ' ' -f 1 >"$1/$2.digest"
}

# add_image DIRECTORY TAG COMMAND-AS-JSON LAYER...
add_image() {
  local directory=$1 config layer layers=() digests=()
  config=$(cksum <<<"$2" | cut -d ' ' -f 1).json
  for layer in "${@:4}"; do
    layers+=("$layer.tar")
    digests+=("sha256:$(<"$directory/$layer.digest")")
  done
  jq -nc --argjson command "$3" '{architecture: "amd64", os: "linux", config: {Cmd: $command, Env: ["PATH=/bin"]},
    rootfs: {type: "layers", diff_ids: $ARGS.positional}}' --args "${digests[@]}" >"$directory/$config"
  jq -c --arg config "$config" --arg tag "$2" '. + [{Config: $config, RepoTags: [$tag], Layers: $ARGS.positional}]' \
    --args "${layers[@]}" <"$directory/manifest.json" >"$directory/manifest.new"
  mv "$directory/manifest.new" "$directory/manifest.json"
}

# end_images DIRECTORY FILE
end_images() {
  rm -f "$1"/*.digest
  (cd "$1" && tar --sort=name --owner=0 --group=0 --numeric-owner -cf "$2" ./*)
  rm -rf "$1"
}

# busybox_root DIRECTORY APPLET...: what each image begins with.
busybox_root() {
  local applet
  rm -rf "$1"
  mkdir -p "$1"/{bin,proc,sys,dev,etc,tmp,www}
  cp /bin/busybox "$1/bin/"
  for applet in "${@:2}"; do ln -s busybox "$1/bin/$applet"; done
}
