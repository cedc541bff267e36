#!/bin/sh
# Runs a command in another Debian's folder, in a mount namespace of its own that ends with it:
#   unshare --mount --propagation private sh in-debian.sh FOLDER PROJECT COMMAND [ARGUMENT…]
# The project and what programs need of the system are where they are outside.
set -e
debian=$1
project=$2
shift 2
for folder in /proc /sys /dev /tmp "$project"; do
  mkdir -p "$debian$folder"
  mount --rbind "$folder" "$debian$folder"
done
cp /etc/hosts "$debian/etc/hosts"
exec chroot "$debian" /usr/bin/env --chdir="$PWD" "$@"
