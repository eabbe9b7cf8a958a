// RS1035 sends analyzers to localised messages instead of the culture. Here the culture is only held still while source is written.
#pragma warning disable RS1035

using System.Globalization;

namespace Cameo.Generator.Pipeline;

/// <summary>While one lives, numbers and names are written as on every other machine.</summary>
internal sealed class InvariantCulture : IDisposable
{
    private readonly CultureInfo _previous = CultureInfo.CurrentCulture;

    public InvariantCulture() => CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

    public void Dispose() => CultureInfo.CurrentCulture = _previous;
}
