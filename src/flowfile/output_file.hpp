#pragma once

#include <cstddef>
#include <filesystem>

#include "cloacina/context.hpp"
#include "os/scratch_file.hpp"

namespace cloacina::flowfile {

inline constexpr std::size_t output_file_bytes_max = 16 * 1024 * 1024;
inline constexpr int output_levels_max =
    64;  ///< as in a workflow file: deeper values are a mistake, and cost stack wherever they go

/// The file that `CLOACINA_OUTPUT` names: empty, in a folder of its own that nobody else may enter. Both go with the object.
class OutputFile {
 public:
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  /// The JSON object in it; an empty one when nothing was written. *Throws* Error{InvalidArgument} that says what there is instead.
  [[nodiscard]] Json read() const;

 private:
  os::ScratchFile file_;
};

}  // namespace cloacina::flowfile
