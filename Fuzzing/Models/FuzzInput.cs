using Cameo.Sessions;

namespace Cameo.Fuzzing.Models;

/// <summary>An input of a random model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Sizes">Its sizes: numbers, or names of open sizes.</param>
/// <param name="Low">The least element that it gets.</param>
/// <param name="High">The greatest element that it gets.</param>
internal sealed record FuzzInput(string Name, ElementType Type, object[] Sizes, double Low, double High)
{
    /// <summary>The shape with the given open sizes.</summary>
    public long[] ShapeWith(IReadOnlyDictionary<string, long> open) => [.. Sizes.Select(size => size is string name ? open[name] : (long)size)];
}
