using Cameo.Generator.Emitting;

namespace Cameo.Generator.Operators;

/// <summary>What kernels over strings have in common.</summary>
internal static class TextHelpers
{
    /// <summary>An object that is made once and shared by all sessions; returns the C# that names it.</summary>
    public static string Instance(KernelWriter writer, string type, string arguments)
    {
        string name = $"{writer.Name}{type}";
        writer.Helper(code =>
        {
            using (code.Block($"file static class {name}"))
            {
                code.Line($"internal static readonly {type} Instance = new({arguments});");
            }
        });
        return $"{name}.Instance";
    }
}
