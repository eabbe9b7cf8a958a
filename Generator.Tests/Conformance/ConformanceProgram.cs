using System.Globalization;
using System.Text;
using System.Text.Json;
using Cameo.Vectors;

namespace Cameo.Tests.Conformance;

/// <summary>
/// The entry point of this assembly when it is started as a program, in which a case may crash or hang without harm to the others. It compiles or runs what it is asked for:
/// requests come a line each through standard input, answers go through standard output.
/// </summary>
internal static class ConformanceProgram
{
    /// <summary>Marks an answer among whatever else is printed.</summary>
    public const string AnswerPrefix = "##answer ";

    public const string CompileMode = "conformance-compile";

    public const string RunMode = "conformance-run";

    private const int WrongUsage = 2, WrongWidth = 3;

    public static int Main(string[] arguments)
    {
        using var archives = new CaseArchives();
        switch (arguments)
        {
            case [CompileMode, var folder]:
                int batch = 0;
                Answer<ConformanceCase[], CompiledCase[]>(cases => CaseCompiler.Compile(archives, cases, Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{batch++}"))));
                return 0;

            case [RunMode, var bits]:
                if (VectorWidth.Bits.ToString(CultureInfo.InvariantCulture) != bits)
                {
                    Console.Error.WriteLine($"Vectors have {VectorWidth.Bits} bits instead of {bits}.");
                    return WrongWidth;
                }

                Answer<CompiledCase, CaseResult>(new CaseRunner(archives).Run);
                return 0;

            default:
                Console.Error.WriteLine($"Usage: {CompileMode} FOLDER or {RunMode} BITS");
                return WrongUsage;
        }
    }

    private static void Answer<TRequest, TAnswer>(Func<TRequest, TAnswer> answer)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        while (input.ReadLine() is { } request)
        {
            output.WriteLine(AnswerPrefix + JsonSerializer.Serialize(answer(JsonSerializer.Deserialize<TRequest>(request)!)));
        }
    }
}
