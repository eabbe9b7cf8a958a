using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Operators.Standard;

/// <summary>
/// Every operator of the standard in every version, with every type that it may have: a model of one node must compile, or stand in refusals.txt with the reason. What the standard says is in
/// operators.txt, nodes to try in recipes.txt. CAMEO_UPDATE_EXPECTED=1 writes the refusals anew.
/// </summary>
public sealed partial class StandardSweepTests : IDisposable
{
    private const string Update = "CAMEO_UPDATE_EXPECTED";

    /// <summary>Types that other variables have while one is tried, the first that is allowed.</summary>
    private const string Usual = "fiAadhcosgbBCIxy1234567890";

    /// <summary>Complex numbers, which no kernel has: what the standard's transforms take and give are pairs of numbers.</summary>
    private const string Complex = "xy";

    /// <summary>Operators whose inputs are not tensors, or whose attributes are graphs: other tests have them.</summary>
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "If", "Loop", "Scan", "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
        "SequenceMap", "SplitToSequence", "ai.onnx.ml.CastMap", "ai.onnx.ml.DictVectorizer", "ai.onnx.ml.ZipMap", "ai.onnx.preview.training.Gradient",
    };

    /// <summary>Whether the generated C# is compiled too, which takes some minutes: CAMEO_SWEEP_BUILD=1.</summary>
    private static readonly bool Builds = Environment.GetEnvironmentVariable("CAMEO_SWEEP_BUILD") == "1";

    private readonly ConcurrentBag<ModelCompilation> _built = [];

    private readonly TemporaryFolder _folder = new();

    private int _number;

    public void Dispose() => _folder.Dispose();

    private static string Folder => Path.Combine(TestData.Repository, "Generator.Tests", "Operators", "Standard");

    [Fact]
    public void EveryVersionAndTypeCompilesOrIsListed()
    {
        StandardOperator[] operators = [.. Lines("operators.txt").Select(StandardOperator.Parse).Where(static known => !Others.Contains(known.Name))];
        ILookup<string, StandardRecipe> recipes = Lines("recipes.txt").Select(StandardRecipe.Parse).ToLookup(static recipe => recipe.Name, StringComparer.Ordinal);
        var refusals = new ConcurrentBag<(string Case, char Letter, string Reason)>();
        Parallel.ForEach(operators, new ParallelOptions { MaxDegreeOfParallelism = 3 }, known =>
        {
            StandardRecipe[] own = [.. recipes[known.Name].Where(recipe => recipe.From <= known.Version && known.Version <= recipe.To)];
            foreach ((StandardRecipe recipe, int number) in (own.Length > 0 ? own : [StandardRecipe.Default(known)]).Select(static (recipe, index) => (recipe, index + 1)))
            {
                Try(known, recipe, number, refusals);
            }
        });

        Build();
        string[] found = [.. refusals.GroupBy(static refusal => (refusal.Case, refusal.Reason))
            .Select(static group => $"{group.Key.Case} {string.Concat(group.Select(static refusal => refusal.Letter).Distinct().Order())}: {group.Key.Reason}").Order(StringComparer.Ordinal)];
        string path = Path.Combine(Folder, "refusals.txt");
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            File.WriteAllLines(path, ["# Nodes that are refused: operator-version #recipe variable letters: reason.", .. found]);
        }

        Assert.Equal(Lines("refusals.txt"), found);
    }

    /// <summary>A version that changes an operator must be known: what it adds would be passed over in silence otherwise.</summary>
    [Fact]
    public void EveryVersionIsKnown()
    {
        string[] unknown = [.. from known in Lines("operators.txt").Select(StandardOperator.Parse)
            let own = OperatorRegistry.Find(new Node("", known.Domain, known.Name[(known.Domain.Length > 0 ? known.Domain.Length + 1 : 0)..], known.Version))
            where own is null || !own.Versions.Contains(known.Version)
            select known.ToString()];
        Assert.Equal(KnownWithoutChange, unknown);
    }

    /// <summary>Versions that only add element types, which are taken in all versions.</summary>
    private static readonly string[] KnownWithoutChange = ["Celu-28"];

    private void Try(StandardOperator known, StandardRecipe recipe, int number, ConcurrentBag<(string, char, string)> refusals)
    {
        Dictionary<string, char> usual = known.Types.ToDictionary(static type => type.Key, static type => Usual.First(letter => type.Value.Length == 0 || type.Value.Contains(letter)));
        string name = $"{known} #{number}";
        Refuse(Compile(recipe.ToModel(known, usual, hasAllOutputs: false, []), known), $"{name} usual", ' ');
        if (recipe.MayHaveAllOutputs(known))
        {
            Refuse(Compile(recipe.ToModel(known, usual, hasAllOutputs: true, []), known), $"{name} all outputs", ' ');
        }

        (string, object)[] defaults = [.. known.Attributes.Select(Default).OfType<(string Name, object)>().Where(attribute => recipe.Attributes.All(other => other.Name != attribute.Name))];
        if (defaults.Length > 0)
        {
            Refuse(Compile(recipe.ToModel(known, usual, hasAllOutputs: false, defaults), known), $"{name} defaults", ' ');
        }

        foreach ((string variable, string letters) in known.Types)
        {
            foreach (char letter in letters.Where(letter => letter != usual[variable] && !Complex.Contains(letter)))
            {
                Refuse(Compile(recipe.ToModel(known, new Dictionary<string, char>(usual) { [variable] = letter }, hasAllOutputs: false, []), known), $"{name} {variable}", letter);
            }
        }

        void Refuse(string? reason, string attempt, char letter)
        {
            if (reason is not null)
            {
                refusals.Add((attempt, letter, reason));
            }
        }
    }

    /// <summary>Compiles the C# of everything, where that is asked for.</summary>
    private void Build()
    {
        const int Together = 150;
        ModelCompilation[] all = [.. _built];
        List<string> faults = [];
        for (int first = 0; first < all.Length; first += Together)
        {
            ModelCompilation[] some = all[first..Math.Min(first + Together, all.Length)];
            GeneratedAssembly.Build(some);
            faults.AddRange(some.Where(static compilation => compilation.Fault is not null).Select(static compilation => compilation.Explain()));
        }

        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }

    /// <summary>Why a model is refused, without its types; null where it compiles.</summary>
    private string? Compile(byte[] model, StandardOperator known)
    {
        string name = $"Swept{Interlocked.Increment(ref _number)}";
        var compilation = ModelCompilation.Run($"{known} {name}", model, name, _folder.Path);
        if (Builds && compilation.HasSources && compilation.Refusal is null)
        {
            _built.Add(compilation);
        }

        string? reason = compilation.Refusal?.Message ?? compilation.Fault?.Split('\n')[0];
        return reason is null ? null : Types().Replace(reason, "");
    }

    [GeneratedRegex(@" \(\S* ?opset \d+; inputs: [^)]*\)")]
    private static partial Regex Types();

    /// <summary>An attribute with its default, as it would be stated; null where it has none.</summary>
    private static (string, object)? Default(string attribute)
    {
        string[] parts = attribute.Split([':', '='], 3);
        if (parts.Length < 3)
        {
            return null;
        }

        return (parts[0], parts[1] switch
        {
            "int" => long.Parse(parts[2], CultureInfo.InvariantCulture),
            "float" => float.Parse(parts[2], CultureInfo.InvariantCulture),

            // The first GRU's default has lost a letter in the standard.
            _ => parts[2] == "foward" ? "forward" : parts[2],
        });
    }

    private static string[] Lines(string name) => [.. File.ReadAllLines(Path.Combine(Folder, name)).Where(static line => line.Length > 0 && line[0] != '#')];
}
