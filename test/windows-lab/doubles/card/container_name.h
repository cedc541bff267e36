#pragma once

#include <optional>
#include <string>

namespace lab {

/**
 * A container as the smart card providers name it: `\\.\reader\container`, `\\.\reader\` for the
 * reader's default container, or the container alone.
 */
struct ContainerName {
  std::wstring reader;
  std::wstring container;
};

/** Nothing for a name of none of these forms, or a container name over 39 characters. */
std::optional<ContainerName> ParseContainerName(const std::wstring& name);

/** `\\.\reader\container`. */
std::wstring FullName(const std::wstring& reader, const std::wstring& container);

/** A name for a container whose creator gave none: a random UUID. */
std::wstring RandomContainerName();

}  // namespace lab
