namespace Cameo.Tests.Infrastructure;

/// <summary>Finds the test data, in the folder that the program was told of.</summary>
internal static class TestData
{
    public static string Root { get; set; } = Environment.GetEnvironmentVariable("CAMEO_TEST_DATA") ?? "";

    public static string Models => Path.Combine(Root, "models");

    public static IReadOnlyList<string> DataSets(string name) => Directory.GetDirectories(Path.Combine(Models, name), "test_data_set_*");
}
