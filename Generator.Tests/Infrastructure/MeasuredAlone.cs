using Xunit;

namespace Cameo.Tests.Infrastructure;

/// <summary>Tests that measure allocations of this process's threads: no other test runs beside them, since its garbage collections would disturb the figures.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuredAlone
{
    public const string Name = "Measured alone";
}
