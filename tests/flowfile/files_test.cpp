#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "flow_help.hpp"

namespace cloacina {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A folder of its own, gone with the test.
class FlowFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "cloacina-flow-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, std::string_view text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  fs::path write_workflow(const std::string& file, const std::string& workflow) {
    return write(file, "cloacina: 1\nworkflows: [{name: " + workflow + ", tasks: {a: {run: x}}}]\n");
  }

  static std::vector<std::string> names(const FlowFile& file) {
    std::vector<std::string> out;
    for (const auto& workflow : file.workflows) out.push_back(workflow.name());
    return out;
  }
  /// The problems, with the folder's path left out.
  std::vector<std::string> problems(const FlowFile& file) const {
    std::vector<std::string> out;
    for (const auto& problem : file.problems) {
      std::string text = problem.to_string();
      for (std::size_t at; (at = text.find(folder_.string() + "/")) != std::string::npos;)
        text.erase(at, folder_.string().size() + 1);
      out.push_back(text);
    }
    return out;
  }

  fs::path folder_;
};

TEST_F(FlowFiles, RelativeFoldersCountFromTheFile) {
  const auto path = write("sub/f.yaml", "cloacina: 1\nworkflows: [{name: w, tasks: {a: {run: x}, b: {run: x, cwd: ../y}}}]");
  const FlowFile file = read_flow_file(path);
  ASSERT_THAT(problems(file), IsEmpty());
  const Json tasks = file.workflows.front().to_json().at("tasks");
  EXPECT_EQ(tasks[0]["command"]["cwd"], (folder_ / "sub").string());
  EXPECT_EQ(tasks[1]["command"]["cwd"], (folder_ / "y").string());
}

TEST_F(FlowFiles, AFolderIsItsYamlFilesInNameOrder) {
  write_workflow("b.yaml", "second");
  write_workflow("a.yml", "first");
  write_workflow("c.txt", "ignored");
  write_workflow(".d.yaml", "hidden");
  write_workflow("e.yaml/inside.yaml", "below");
  EXPECT_THAT(names(read_flow_files({folder_})), ElementsAre("first", "second"));
  EXPECT_THAT(names(read_flow_files({folder_ / "b.yaml", folder_, folder_ / "." / "a.yml"})), ElementsAre("second", "first"));
}

TEST_F(FlowFiles, AnEmptyFolderHoldsNothing) {
  const FlowFile file = read_flow_files({folder_});
  EXPECT_THAT(file.problems, IsEmpty());
  EXPECT_THAT(file.workflows, IsEmpty());
}

TEST_F(FlowFiles, NamesAreUniqueInWhatIsLoadedTogether) {
  write_workflow("a.yaml", "same");
  write_workflow("b.yaml", "same");
  const FlowFile file = read_flow_files({folder_});
  EXPECT_THAT(problems(file), ElementsAre("b.yaml:2:20: workflow 'same' is already there, in a.yaml:2:20"));
  EXPECT_THAT(file.workflows, IsEmpty());
}

TEST_F(FlowFiles, TwoFilesCannotClaimOneSchedule) {
  write("a.yaml", "cloacina: 1\nworkflows: [{name: v, tasks: {a: {run: x}}, schedules: [{name: s, cron: '@daily'}]}]\n");
  write("b.yaml", "cloacina: 1\nworkflows: [{name: w, tasks: {a: {run: x}}, schedules: [{name: s, cron: '@hourly'}]}]\n");
  const FlowFile file = read_flow_files({folder_});
  EXPECT_THAT(problems(file), ElementsAre("b.yaml:2:64: schedule 's' is already there, in a.yaml:2:64"));
  EXPECT_THAT(file.schedules, IsEmpty());
}

TEST_F(FlowFiles, SchedulesOfAllFilesKnowTheirPlaces) {
  write("a.yaml", "cloacina: 1\nworkflows: [{name: v, tasks: {a: {run: x}}, schedules: [{name: s, cron: '@daily'}]}]\n");
  write("b.yaml", "cloacina: 1\nworkflows: [{name: w, tasks: {a: {run: x}}, schedules: [{name: t, cron: '@hourly'}]}]\n");
  const FlowFile file = read_flow_files({folder_});
  ASSERT_THAT(problems(file), IsEmpty());
  ASSERT_EQ(file.schedules.size(), 2U);
  EXPECT_EQ(file.schedules[1].schedule.name, "t");
  EXPECT_EQ(file.schedules[1].schedule.workflow, "w");
  EXPECT_EQ(file.schedules[1].file, (folder_ / "b.yaml").string());
}

TEST_F(FlowFiles, ProblemsOfAllFilesAreReported) {
  write("a.yaml", "cloacina: 1\n");
  write_workflow("b.yaml", "good");
  write("c.yaml", "[");
  const FlowFile file = read_flow_files({folder_, folder_ / "missing.yaml"});
  EXPECT_THAT(problems(file), ElementsAre("a.yaml:1:1: a workflow file needs the key 'workflows'",
                                          "c.yaml:1:1: not YAML: end of sequence flow not found",
                                          "missing.yaml:1:1: cannot be read: No such file or directory"));
  EXPECT_THAT(file.workflows, IsEmpty());
}

TEST_F(FlowFiles, WhatCannotBeReadIsAProblem) {
  EXPECT_THAT(problems(read_flow_file(folder_ / "none.yaml")),
              ElementsAre("none.yaml:1:1: cannot be read: No such file or directory"));
  fs::create_directory(folder_ / "d");
  EXPECT_THAT(problems(read_flow_file(folder_ / "d")), ElementsAre("d:1:1: cannot be read: it is a folder"));
  fs::create_symlink("loop.yaml", folder_ / "loop.yaml");
  EXPECT_THAT(problems(read_flow_files({folder_ / "loop.yaml"})),
              ElementsAre("loop.yaml:1:1: cannot be read: Too many levels of symbolic links"));
}

TEST_F(FlowFiles, FiftyMegabytesAreRefusedUnread) {
  const auto path = write("big.yaml", "cloacina: 1\n");
  fs::resize_file(path, 50U * 1024 * 1024);
  EXPECT_THAT(problems(read_flow_file(path)), ElementsAre("big.yaml:1:1: larger than 4 MiB, the most a workflow file may have"));
}

}  // namespace
}  // namespace cloacina
